"""The two long-connection gateways: transports, sign-in, commands, subscriptions and pushes.

A `Link` is a connection of either transport; a `Session` is the state machine behind it; a
`Gate` is one channel with all its sessions. Business commands live in `quote_channel` and
`trade_channel`, what a push looks like in `quote_messages`.
"""
