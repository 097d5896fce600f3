// Values as Java prints them. Private to the room.
#pragma once

#include <string>

#include "core/json.h"

namespace tocsin::asl {

// 1.5, 1.0E10, 1.0E-5.
std::string to_java_text(double number);
// Java's Map and List form, as States.Format prints objects: {Arg1=1, Arg2=[]}; strings bare.
std::string to_java_text(const json::value& value);

}  // namespace tocsin::asl
