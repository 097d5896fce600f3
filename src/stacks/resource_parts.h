// What the tables of resource types share. Inside this folder only.
#pragma once

#include <initializer_list>
#include <map>

#include "stacks/resource_types.h"

namespace tocsin::stacks {

using ResourceTypes = std::map<std::string_view, ResourceType>;

// By subject; each adds its own.
void add_messaging(ResourceTypes& types);   // SNS, SQS
void add_events(ResourceTypes& types);      // EventBridge
void add_compute(ResourceTypes& types);     // Lambda, Step Functions
void add_protection(ResourceTypes& types);  // DynamoDB, Network Firewall, Security Hub
void add_recorded(ResourceTypes& types);    // what is kept as declared

std::string text_of(const json::value& value);
std::string name_of(const Resource& r, std::string_view property);
// The named properties as SNS and SQS take attributes: text, documents as JSON text, booleans as "true".
json::object attributes_of(const json::object& properties, std::initializer_list<std::string_view> names);
// The named properties as they are, where the template has them.
json::object pick(const json::object& properties, std::initializer_list<std::string_view> names);
Result<void> done(Result<json::object> answer);
// What is gone already needs no removing.
Result<void> removed(Result<json::object> answer);
// Parameters are texts in CloudFormation, which turns them into what the property wants.
std::int64_t number_of(const json::object& properties, std::string_view name);

// There is nothing to do.
Result<void> leave(Resource&);

}  // namespace tocsin::stacks
