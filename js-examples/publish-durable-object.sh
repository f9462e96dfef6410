#!/bin/sh
# Publishes a Durable Object class and a Worker that calls it, with the documentation's steps:
# upload the class, make a namespace of it, bind the namespace to the Worker, upload the Worker.
# Running it again updates both scripts and keeps the namespace with everything stored in it.
#
# Settings, all from the environment; the defaults fit a `holdfast serve` on this machine:
#   API_TOKEN            the API's token (default: HOLDFAST_API_TOKEN, or what stands in
#                        .holdfast/api-token, where `holdfast serve` keeps it)
#   ACCOUNT_TAG          the account's id                      (default: local)
#   SCRIPT_NAME          the name of the script with the class (default: durable-object-example)
#   CALLING_SCRIPT_NAME  the name of the Worker that calls it  (default: calling-worker)
#   BASE_URL             where the API is          (default: HOLDFAST_API_URL/client/v4, or
#                        http://127.0.0.1:8788/client/v4)
#   WORKER_URL           where the Worker answers  (default: http://<calling name>.localhost:8787/)
#   CLASS_FILE           the class's module        (default: durable-object-example.mjs)
#   CALLING_FILE         the Worker's script       (default: calling-worker.js)
#
# Needs curl. Ends with a code other than 0 at the first step that fails.

set -eu

API_TOKEN=${API_TOKEN:-${HOLDFAST_API_TOKEN:-$(cat .holdfast/api-token 2>/dev/null || true)}}
ACCOUNT_TAG=${ACCOUNT_TAG:-local}
SCRIPT_NAME=${SCRIPT_NAME:-durable-object-example}
CALLING_SCRIPT_NAME=${CALLING_SCRIPT_NAME:-calling-worker}
api_url=${HOLDFAST_API_URL:-http://127.0.0.1:8788}
BASE_URL=${BASE_URL:-${api_url%/}/client/v4}
WORKER_URL=${WORKER_URL:-http://$CALLING_SCRIPT_NAME.localhost:8787/}
CLASS_FILE=${CLASS_FILE:-durable-object-example.mjs}
CALLING_FILE=${CALLING_FILE:-calling-worker.js}

CLASS_NAME=DurableObjectExample
NAMESPACE_NAME=example-class
account_url="${BASE_URL%/}/accounts/$ACCOUNT_TAG/workers"

fail() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# call_api WHAT [CURL ARGUMENTS]: leaves the answer in $answer, or fails saying WHAT went wrong.
call_api() {
    what=$1
    shift
    answer=$(curl --silent --show-error --write-out '\n%{http_code}' \
        --header "Authorization: Bearer $API_TOKEN" "$@") ||
        fail "$what: no answer from $BASE_URL. Is \`holdfast serve\` running there?"
    status=${answer##*
}
    answer=${answer%
*}
    case $status in
    2??) ;;
    401 | 403) fail "$what: the API refuses this API_TOKEN (status $status): $answer" ;;
    *) fail "$what: status $status: $answer" ;;
    esac
}

# One object of JSON a line, without white space.
json_objects() {
    tr -d '[:space:]' | tr '{}' '\n\n'
}

# The value of the first "id" on standard input.
first_id() {
    sed -n 's/.*"id":"\([^"]*\)".*/\1/p' | head -n 1
}

command -v curl >/dev/null || fail 'curl is missing'
[ -n "$API_TOKEN" ] || fail 'API_TOKEN is not set, and there is no .holdfast/api-token here'
cd "$(dirname "$0")"
for file in "$CLASS_FILE" "$CALLING_FILE" calling-worker.json; do
    [ -r "$file" ] || fail "there is no file $file in $(pwd)"
done

echo "Uploading $CLASS_FILE as $SCRIPT_NAME"
call_api "uploading $CLASS_FILE" --request PUT "$account_url/scripts/$SCRIPT_NAME" \
    --form "metadata={\"main_module\": \"$CLASS_FILE\"};type=application/json" \
    --form "script=@$CLASS_FILE;type=application/javascript+module"

call_api 'listing the namespaces' "$account_url/durable_objects/namespaces"
namespace_id=$(printf '%s' "$answer" | json_objects |
    grep "\"script\":\"$SCRIPT_NAME\"" | grep "\"class\":\"$CLASS_NAME\"" | first_id) || true
if [ -n "$namespace_id" ]; then
    echo "Found the namespace of $CLASS_NAME: $namespace_id"
else
    call_api 'creating the namespace' --request POST "$account_url/durable_objects/namespaces" \
        --header 'Content-Type: application/json' \
        --data "{\"name\": \"$NAMESPACE_NAME\", \"script\": \"$SCRIPT_NAME\", \"class\": \"$CLASS_NAME\"}"
    namespace_id=$(printf '%s' "$answer" | json_objects | first_id)
    [ -n "$namespace_id" ] || fail "creating the namespace: no id in the answer: $answer"
    echo "Created the namespace of $CLASS_NAME: $namespace_id"
fi

echo "Uploading $CALLING_FILE as $CALLING_SCRIPT_NAME"
metadata=$(sed "s/<the namespace id from above>/$namespace_id/" calling-worker.json)
call_api "uploading $CALLING_FILE" --request PUT "$account_url/scripts/$CALLING_SCRIPT_NAME" \
    --form "metadata=$metadata;type=application/json" \
    --form "script=@$CALLING_FILE;type=application/javascript"

cat <<DONE

Published. Ask the Worker to store something:

  curl -H "Content-Type: text/plain" $WORKER_URL --data "important data!"
DONE
