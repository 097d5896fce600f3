// Receipt handles: opaque text that names one reception of one message. The handle carries a check over its own
// bytes, so one that was cut or made up is told from one that is merely old.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/result.h"

namespace tocsin::queues {

struct Receipt {
  std::int64_t queue = 0;
  std::int64_t box = 0;
  std::int64_t sequence = 0;
  std::int64_t nonce = 0;  // drawn anew at each reception
};

std::string write_receipt(const Receipt& receipt);
// Error: validation, "ReceiptHandleIsInvalid".
Result<Receipt> read_receipt(std::string_view handle);

}  // namespace tocsin::queues
