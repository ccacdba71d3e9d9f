"""How values look: HTML, SVG and DOT made from a Run and what was derived of it."""
