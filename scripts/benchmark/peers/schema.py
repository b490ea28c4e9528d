"""The columns of the two sources, for tools that want them declared."""

EVENTS = {
    "artist": str,
    "auth": str,
    "firstName": str,
    "gender": str,
    "itemInSession": int,
    "lastName": str,
    "length": float,
    "level": str,
    "location": str,
    "method": str,
    "page": str,
    "registration": float,
    "sessionId": int,
    "song": str,
    "status": int,
    "ts": int,
    "userAgent": str,
    "userId": str,
}
SONGS = {
    "num_songs": int,
    "artist_id": str,
    "artist_latitude": float,
    "artist_longitude": float,
    "artist_location": str,
    "artist_name": str,
    "song_id": str,
    "title": str,
    "duration": float,
    "year": int,
}
EVENT_KEY = ["sessionId", "itemInSession", "page", "ts"]
SONG_KEY = ["song", "artist", "length"]
USER_COLUMNS = ["userId", "firstName", "lastName", "gender", "level"]
