"""Music: networks, harmony, moods, genres, effects, sound, transcription."""
