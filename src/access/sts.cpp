#include "access/access.h"

namespace tocsin::access {
namespace {

service::Answer get_caller_identity(store::Reader&, const service::Call& call) {
  return json::object{{"UserId", call.caller.user_id}, {"Account", call.caller.account}, {"Arn", call.caller.arn}};
}

}  // namespace

service::Service service(const Identity& identity) {
  using service::Call;
  return {"sts",
          {{.name = "GetCallerIdentity", .run = service::Read{get_caller_identity}},
           {.name = "GetAccessKeyInfo",
            .run = service::Read{[account = identity.account](store::Reader&, const Call&) -> service::Answer {
              return json::object{{"Account", account}};
            }}}}};
}

}  // namespace tocsin::access
