"""What other studies found: published effects, pooled and compared indirectly."""
