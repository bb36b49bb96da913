"""How a piece runs: tension in loudness, fullness and pace; phrasing; a lifted end; layers."""
