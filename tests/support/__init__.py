"""What tests of a whole server share: starting one, stepping its clock, stopping it."""
