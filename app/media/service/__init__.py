"""What can be done with recordings, captions and pictures."""

from app.media.service.captions import (
    OTHER_SCRIPT,
    attach_captions,
    captions_text,
    drop_captions,
    set_chapters,
    translate_captions,
    write_captions,
)
from app.media.service.cutting import MOST_PARTS, Sketch, cut_out, sketch, trimmed
from app.media.service.folder import media_folder
from app.media.service.hearing import can_hear, check_speech, hear, keep_heard
from app.media.service.links import Keepable, PlayLinks, keepable, play_links
from app.media.service.pictures import (
    StoredImage,
    logo,
    receive_image,
    register_image,
    store_image,
)
from app.media.service.preparing import Task, begin, fail, finish, show_early
from app.media.service.recordings import (
    Stored,
    discard,
    import_file,
    receive,
    register,
    retry,
    store,
)
from app.media.service.resuming import (
    begin_upload,
    continue_upload,
    end_upload,
    look_for_quota,
    partials,
    sweep_uploads,
    take_over,
    upload_of,
)
from app.media.service.sounds import StoredSound, receive_sound, store_sound
from app.media.service.sweeping import (
    ORPHAN_HOURS,
    UNATTACHED_DAYS,
    missing,
    sweep_files,
    sweep_unattached,
)

__all__ = [
    "MOST_PARTS",
    "ORPHAN_HOURS",
    "OTHER_SCRIPT",
    "UNATTACHED_DAYS",
    "Keepable",
    "PlayLinks",
    "Sketch",
    "Stored",
    "StoredImage",
    "StoredSound",
    "Task",
    "attach_captions",
    "begin",
    "begin_upload",
    "can_hear",
    "captions_text",
    "check_speech",
    "continue_upload",
    "cut_out",
    "discard",
    "drop_captions",
    "end_upload",
    "fail",
    "finish",
    "hear",
    "import_file",
    "keep_heard",
    "keepable",
    "logo",
    "look_for_quota",
    "media_folder",
    "missing",
    "partials",
    "play_links",
    "receive",
    "receive_image",
    "receive_sound",
    "register",
    "register_image",
    "retry",
    "set_chapters",
    "show_early",
    "sketch",
    "store",
    "store_image",
    "store_sound",
    "sweep_files",
    "sweep_unattached",
    "sweep_uploads",
    "take_over",
    "translate_captions",
    "trimmed",
    "upload_of",
    "write_captions",
]
