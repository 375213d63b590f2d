"""Market data as pure folds: prints become quotes, candlesticks, intraday lines and history.

No clock, no randomness, no I/O and no await: the present is always an argument.
"""
