"""Whole servers, driven through official clients, in scenarios that a trader can read."""
