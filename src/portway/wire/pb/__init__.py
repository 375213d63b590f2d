"""Generated protobuf modules: `control_pb2`, `quote_pb2` and `trade_pb2`.

Written by `tools/generate_proto.py` from the files in `proto/`; never edited by hand. The
descriptors are registered under `portway/wire/pb/`, so they cannot collide with a `quote.proto`
of somebody else in the same process.
"""
