"""Binds forecasts/ to the warehouse: panels in, forecast tables out. The models themselves live in forecasts/."""
