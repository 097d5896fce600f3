# cmake -DOUTPUT=<file.cpp> -DFOLDER=<stacks> -P embed_stacks.cmake: writes the templates as one C++ file, so that the
# program is one file too.
file(GLOB stacks ${FOLDER}/*.yaml)
list(SORT stacks)
set(entries "")
set(texts "")
set(number 0)
foreach(stack ${stacks})
  get_filename_component(name ${stack} NAME_WE)
  file(READ ${stack} text)
  # String literals have a length that compilers must take (65,536 bytes); adjacent ones are one.
  string(LENGTH "${text}" length)
  string(APPEND texts "constexpr std::string_view text_${number} =")
  set(at 0)
  while(at LESS length)
    string(SUBSTRING "${text}" ${at} 8000 part)
    string(APPEND texts "\n    R\"stack(${part})stack\"")
    math(EXPR at "${at} + 8000")
  endwhile()
  string(APPEND texts ";\n")
  string(APPEND entries "    {\"${name}\", text_${number}},\n")
  math(EXPR number "${number} + 1")
endforeach()
file(WRITE ${OUTPUT}
  "#include \"app/builtin_stacks.h\"\n\nnamespace tocsin::app {\nnamespace {\n\n${texts}\n"
  "constexpr std::pair<std::string_view, std::string_view> stacks[] = {\n${entries}};\n\n}  // namespace\n\n"
  "std::span<const std::pair<std::string_view, std::string_view>> builtin_stacks() {\n  return stacks;\n}\n\n"
  "}  // namespace tocsin::app\n")
