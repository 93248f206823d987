"""Benchmarks. Each prints ratios measured in one run, and beside each the goal."""

import zoneinfo

# As in every entry point: the pinned tzdata counts, not the machine's.
zoneinfo.reset_tzpath([])
