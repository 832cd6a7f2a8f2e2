"""The phone-like page and the page for developers; plain HTML, CSS and JavaScript with nothing from outside."""
