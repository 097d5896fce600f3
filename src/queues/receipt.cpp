#include "queues/receipt.h"

#include <array>

#include "digest/digest.h"

namespace tocsin::queues {
namespace {

// version (1) queue (8) box (8) sequence (8) nonce (8) check (7): 40 bytes, so that base64 needs little padding.
constexpr char version = 1;
constexpr std::size_t check_bytes = 7;
constexpr std::size_t size = 1 + 4 * 8 + check_bytes;

std::string check_of(std::string_view bytes) {
  return digest::sha256(bytes).substr(0, check_bytes);
}

}  // namespace

std::string write_receipt(const Receipt& receipt) {
  std::string bytes(1, version);
  for (const std::int64_t number : {receipt.queue, receipt.box, receipt.sequence, receipt.nonce})
    for (int shift = 56; shift >= 0; shift -= 8)
      bytes.push_back(static_cast<char>((static_cast<std::uint64_t>(number) >> shift) & 0xff));
  bytes += check_of(bytes);
  return digest::base64(bytes);
}

Result<Receipt> read_receipt(std::string_view handle) {
  const auto invalid = [] {
    return fail(ErrorCode::validation, "The input receipt handle is invalid.", "ReceiptHandleIsInvalid");
  };
  const auto decoded = digest::from_base64(handle);
  if (!decoded || decoded->size() != size || decoded->front() != version) return invalid();
  const std::string_view bytes = *decoded;
  const auto signed_part = bytes.substr(0, size - check_bytes);
  if (check_of(signed_part) != bytes.substr(size - check_bytes)) return invalid();
  std::array<std::int64_t, 4> numbers{};
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    std::uint64_t number = 0;
    for (std::size_t b = 0; b < 8; ++b) number = (number << 8) | static_cast<unsigned char>(bytes[1 + i * 8 + b]);
    numbers[i] = static_cast<std::int64_t>(number);
  }
  return Receipt{.queue = numbers[0], .box = numbers[1], .sequence = numbers[2], .nonce = numbers[3]};
}

}  // namespace tocsin::queues
