"""The portal under the fuzzer: its people, good requests of theirs, and what its answers keep."""
