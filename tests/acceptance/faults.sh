#!/usr/bin/env bash
# The n-th call of a kind fails, once or from then on (tests/harness/faults.py): no crash, no leak, a true exit status, and the repository as the
# oracle wants it. CI: some hundred; TUSK_TEST_FULL=1: 4,000. In a build with the address sanitizer the same without malloc, and leaks count.
# shellcheck source=tests/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
# shellcheck source=tests/lib/harness.sh
. "$tests/lib/harness.sh"
[ "${TUSK_SANITIZED:-}" != thread ] || skip "the thread sanitizer allocates where malloc fails"
prepare_faults
python3 "$tests/harness/faults.py" faults "${TUSK_STATES:-$(share 120 4000 30)}" "$seed"
