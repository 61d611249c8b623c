// A text in somebody's editor.
#pragma once

#include <string>

#include "base/result.h"

namespace tyto::cli {

// A file in the folder for temporary files, which goes away with it unless it is kept.
//
// Threads: confined to one.
class EditedFile {
 public:
  // Named `<name>.XXXXXX<suffix>`, readable by its owner only, with this text.
  // Errors: kDenied, kNoSpace or kInternal, naming the path.
  static Result<EditedFile> make(const std::string& name, const std::string& suffix,
                                 const std::string& text);
  ~EditedFile();
  EditedFile(EditedFile&& other) noexcept;
  EditedFile& operator=(EditedFile&&) = delete;

  const std::string& path() const { return path_; }
  void keep() { is_kept_ = true; }

 private:
  explicit EditedFile(std::string path) : path_(std::move(path)) {}
  std::string path_;
  bool is_kept_ = false;
};

// Opens the file in $VISUAL, else $EDITOR, else vi, and waits until that ends. The variable is a
// shell command that is given the path.
// Errors: kCancelled if it ends with another exit code than 0, naming the editor.
Result<void> open_editor(const std::string& path);

}  // namespace tyto::cli
