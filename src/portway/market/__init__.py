"""Runs the quotes: sources of market data, their fold into boards, and history queries.

Imports the pure layers below and nothing above; what storage or a bus must offer is in `ports`.
"""
