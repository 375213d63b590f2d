"""Readers of market data that others have recorded: folders and files to plain rows.

A reader knows one layout and its units; what the rows mean for a market is not its business.
"""
