"""What to do next: places worth a hint, and colors worth trying at a place; both from what the network does."""
