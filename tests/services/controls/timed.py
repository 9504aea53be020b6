"""What has a time: sounds, videos, series."""

from __future__ import annotations

from services.controls.parts import (
    DESCRIPTION,
    PER_REGION,
    RELATIONS,
    ControlProject,
    Result,
    asked,
    described,
    region,
    relation,
)


def audio() -> ControlProject:
    """Overlapping segments of a sound."""
    config = f"""<View>
  <Labels name="speaker" toName="media"><Label value="A"/><Label value="B"/></Labels>
  <Audio name="media" value="$audio"/>{PER_REGION}{DESCRIPTION}
  {RELATIONS}
</View>"""

    def segment(key: str, start_s: float, end_s: float, *labels: str) -> Result:
        where = {"start": start_s, "end": end_s, "channel": 0}
        value = {**where, "labels": list(labels)}
        return region(key, "speaker", "labels", value, original_length=2.0)

    segments = [
        segment("a", 0.1, 0.75, "A"),
        segment("b", 0.5, 1.5, "B"),
        segment("both", 1.6, 1.9, "A", "B"),
    ]
    results = [*segments, *asked(segments[0]), *described(), relation("a", "b")]
    data = {"audio": "/data/local-files/?d=controls/sound.wav"}
    return ControlProject(config=config, data=data, results=results)


def video() -> ControlProject:
    """A box with key frames, one hidden for a while, and a stretch of time."""
    config = """<View>
  <Labels name="what" toName="media"><Label value="Man"/><Label value="Dog"/></Labels>
  <TimelineLabels name="when" toName="media"><Label value="rain"/></TimelineLabels>
  <Video name="media" value="$video" framerate="10"/>
  <VideoRectangle name="box" toName="media"/>
  <Choices name="scene" toName="media"><Choice value="day"/></Choices>
  <TextArea name="says" toName="media" perRegion="true"/>
</View>"""

    def key_frame(frame: int, x: float, *, enabled: bool) -> Result:
        box = {"x": x, "y": 20, "width": 12.5, "height": 25, "rotation": 0}
        return {"frame": frame, "enabled": enabled, "time": frame / 10, **box}

    track = {
        "framesCount": 20,
        "duration": 2,
        "sequence": [
            key_frame(1, 10, enabled=True),
            key_frame(6, 30.5, enabled=False),
            key_frame(10, 40, enabled=True),
            key_frame(15, 60, enabled=True),
        ],
    }
    labelled = region("track", "box", "videorectangle", {**track, "labels": ["Man"]})
    rain = {"ranges": [{"start": 3, "end": 9}], "timelinelabels": ["rain"]}
    results = [
        labelled,
        {
            **labelled,
            "from_name": "says",
            "type": "textarea",
            "value": {**track, "text": ["he"]},
        },
        region("bare", "box", "videorectangle", track),
        region("rain", "when", "timelinelabels", rain),
        region("scene", "scene", "choices", {"choices": ["day"]}),
    ]
    data = {"video": "/data/local-files/?d=controls/clip.webm"}
    return ControlProject(config=config, data=data, results=results)


def timeseries() -> ControlProject:
    """A stretch and a moment of a series."""
    config = """<View>
  <TimeSeriesLabels name="what" toName="media">
    <Label value="Run"/><Label value="Step"/>
  </TimeSeriesLabels>
  <TimeSeries name="media" value="$series" valueType="json" timeColumn="time">
    <Channel column="speed"/>
  </TimeSeries>
  <Choices name="scene" toName="media"><Choice value="day"/></Choices>
  <TextArea name="says" toName="media" perRegion="true"/>
</View>"""
    series = {"time": list(range(20)), "speed": [n * n % 7 for n in range(20)]}
    run = {"start": 3, "end": 9, "instant": False}
    step = {"start": 12, "end": 12, "instant": True}
    first = region(
        "run", "what", "timeserieslabels", {**run, "timeserieslabels": ["Run"]}
    )
    results = [
        first,
        region(
            "step", "what", "timeserieslabels", {**step, "timeserieslabels": ["Step"]}
        ),
        {
            **first,
            "from_name": "says",
            "type": "textarea",
            "value": {**run, "text": ["fast"]},
        },
        region("scene", "scene", "choices", {"choices": ["day"]}),
    ]
    return ControlProject(config=config, data={"series": series}, results=results)


def video_vector() -> ControlProject:
    """A line in a video; not in the open editor."""
    config = """<View>
  <VideoVectorLabels name="what" toName="media">
    <Label value="Road"/>
  </VideoVectorLabels>
  <Video name="media" value="$video" framerate="10"/>
</View>"""
    ends = [
        {"x": 10, "y": 20, "id": "a"},
        {"x": 30, "y": 40, "id": "b", "prevPointId": "a"},
    ]
    moments = [
        {"frame": frame, "enabled": True, "closed": False, "vertices": ends}
        for frame in (1, 10)
    ]
    value = {"framesCount": 20, "duration": 2, "sequence": moments, "labels": ["Road"]}
    data = {"video": "/data/local-files/?d=controls/clip.webm"}
    results = [region("road", "what", "videovectorlabels", value)]
    return ControlProject(config=config, data=data, results=results)
