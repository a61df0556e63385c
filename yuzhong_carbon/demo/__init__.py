"""The demo district: invented institutions with a plausible history, the same at every run."""

# Public, and refused in production.
PASSWORD = "yanshi-Mima-2025"  # noqa: S105
