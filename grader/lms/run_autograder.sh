#!/bin/sh
# Gradescope runs a copy of this for each submission, which lies in `submission` beside `source`.
autograder=${AUTOGRADER:-/autograder}
cd "$autograder/source" || exit 1
if [ -f secret ]; then export GRADER_SECRET_FILE="$autograder/source/secret"; fi
exec "$autograder/venv/bin/python" -m grader.lms gradescope --root "$autograder" --seconds @SECONDS@
