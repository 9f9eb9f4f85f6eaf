"""What can be done with recordings, captions and pictures."""

from app.media.service.captions import attach_captions, drop_captions
from app.media.service.folder import media_folder
from app.media.service.links import PlayLinks, play_links
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
from app.media.service.sweeping import (
    ORPHAN_HOURS,
    UNATTACHED_DAYS,
    missing,
    sweep_files,
    sweep_unattached,
)

__all__ = [
    "ORPHAN_HOURS",
    "UNATTACHED_DAYS",
    "PlayLinks",
    "Stored",
    "StoredImage",
    "Task",
    "attach_captions",
    "begin",
    "begin_upload",
    "continue_upload",
    "discard",
    "drop_captions",
    "end_upload",
    "fail",
    "finish",
    "import_file",
    "logo",
    "look_for_quota",
    "media_folder",
    "missing",
    "partials",
    "play_links",
    "receive",
    "receive_image",
    "register",
    "register_image",
    "retry",
    "show_early",
    "store",
    "store_image",
    "sweep_files",
    "sweep_unattached",
    "sweep_uploads",
    "take_over",
    "upload_of",
]
