"""Takes in kiosk presses: HTTP, files and the vendor's polled API; keeps the registry."""
