// DynamoDB's interface to the block tables: their items can be read, put, changed and deleted with any DynamoDB
// client, and writes go through the gate like every other block. Only tables whose one key is HostIp (S) exist.
//
// Attributes of an item: HostIp, Timestamp, CreatedAt (epoch seconds), FindingId, AccountId, Region, and what Tocsin
// adds: State, ExpiresAt (epoch seconds), Reason, BlockedBy, Sightings, SubmittedAt, ConfirmedAt, ReleasedAt. Of the
// latter a client may set ExpiresAt (later than it was) and Reason; what it puts into the others is left aside. Any
// further attribute is kept as it is. An item put with an old CreatedAt and no ExpiresAt is as old as it says: it
// expires retention after CreatedAt.
#pragma once

#include "containment/containment.h"

namespace tocsin::containment {

service::Service dynamodb(const Identity& identity, Containment& containment);

// The item of a block, by attribute name.
json::object to_item(const Block& block);

}  // namespace tocsin::containment
