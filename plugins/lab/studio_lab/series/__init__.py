"""Time series: generate them, and measure their use for forecasts."""
