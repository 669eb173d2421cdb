"""The project's own hand spells a text: letters in time, poses in motion, frames, a video file."""
