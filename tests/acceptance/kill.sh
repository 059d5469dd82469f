#!/usr/bin/env bash
# kill -9 (tests/harness/faults.py): at every call that changes a file, and at random times. CI: a share; TUSK_TEST_FULL=1: every call, 500 times.
# TUSK_CALLS, TUSK_STATES: so many of each.
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
# shellcheck source=tests/lib/harness.sh
. "$tests/lib/harness.sh"
[ "${TUSK_SANITIZED:-}" != thread ] || skip "nothing to learn from the thread sanitizer here"
prepare_faults
python3 "$tests/harness/faults.py" calls "${TUSK_CALLS:-$(share 40 100000 10)}" "$seed"
prepare_faults
python3 "$tests/harness/faults.py" times "${TUSK_STATES:-$(share 25 500 6)}" "$seed"
