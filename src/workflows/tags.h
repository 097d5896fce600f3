// Tags of state machines and activities.
#pragma once

#include "service/service.h"

namespace tocsin::workflows {

// Adds or changes those in `tags` (a list of {key, value}, or nothing). Error: TooManyTags.
Result<void> put_tags(store::Transaction& transaction, std::string_view arn, const json::value* tags);
void remove_tags(store::Transaction& transaction, std::string_view arn);

// TagResource, UntagResource, ListTagsForResource.
std::vector<service::Operation> tag_operations();

}  // namespace tocsin::workflows
