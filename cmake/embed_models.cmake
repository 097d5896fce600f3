# cmake -DOUTPUT=<file.cpp> -DFOLDER=<models> -P embed_models.cmake: writes the models as one C++ file, so that the
# program is one file too.
file(GLOB models ${FOLDER}/aws/*.json ${FOLDER}/tocsin.json)
list(SORT models)
set(entries "")
set(texts "")
set(number 0)
foreach(model ${models})
  get_filename_component(name ${model} NAME_WE)
  file(READ ${model} text)
  string(APPEND texts "constexpr std::string_view text_${number} = R\"model(${text})model\";\n")
  string(APPEND entries "    {\"${name}\", text_${number}},\n")
  math(EXPR number "${number} + 1")
endforeach()
file(WRITE ${OUTPUT}
  "#include \"api/embedded.h\"\n\nnamespace tocsin::api {\nnamespace {\n\n${texts}\n"
  "constexpr std::pair<std::string_view, std::string_view> models[] = {\n${entries}};\n\n}  // namespace\n\n"
  "std::span<const std::pair<std::string_view, std::string_view>> embedded_models() {\n  return models;\n}\n\n"
  "}  // namespace tocsin::api\n")
