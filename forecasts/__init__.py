"""Forecasts of quarterly panels: frames and arrays in, frames and arrays out. No Dagster, no database, no file."""

from __future__ import annotations

from forecasts.engine import forecast
from forecasts.panel import PanelError

__all__ = ["PanelError", "forecast"]
