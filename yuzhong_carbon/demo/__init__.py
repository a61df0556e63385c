"""The demo district: invented institutions with a plausible history, the same at every run."""
