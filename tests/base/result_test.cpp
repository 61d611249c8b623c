#include "base/result.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>

namespace tyto {
namespace {

TEST(Result, HoldsAValue) {
  Result<std::string> result(std::string("seven"));
  ASSERT_TRUE(result.ok());
  EXPECT_TRUE(static_cast<bool>(result));
  EXPECT_EQ(*result, "seven");
  EXPECT_EQ(result->size(), 5u);
  result->push_back('!');
  EXPECT_EQ(result.value(), "seven!");
}

TEST(Result, HoldsAnError) {
  const Result<std::string> result(ErrorCode::kNotFound, "no such bucket");
  EXPECT_FALSE(result.ok());
  EXPECT_FALSE(static_cast<bool>(result));
  EXPECT_EQ(result.error(), (Error{ErrorCode::kNotFound, "no such bucket"}));
}

TEST(Result, HandsOutWhatCannotBeCopied) {
  Result<std::unique_ptr<int>> result(std::make_unique<int>(7));
  const std::unique_ptr<int> taken = std::move(result).value();
  EXPECT_EQ(*taken, 7);
}

TEST(Result, OfAnErrorTypeIsNotItselfAnError) {
  const Result<int> zero(0);
  EXPECT_TRUE(zero.ok());
}

TEST(ResultOfNothing, IsSuccessUnlessGivenAnError) {
  EXPECT_TRUE(Result<void>().ok());
  const Result<void> failed(ErrorCode::kTimedOut, "no byte for 3 s");
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().code, ErrorCode::kTimedOut);
}

TEST(ResultDeathTest, GivesNoValueForAnErrorAndNoErrorForAValue) {
  Result<int> failed(ErrorCode::kInternal, "broken");
  Result<int> fine(1);
  EXPECT_DEATH(static_cast<void>(failed.value()), "assertion failed");
  EXPECT_DEATH(static_cast<void>(fine.error()), "assertion failed");
  EXPECT_DEATH(static_cast<void>(Result<void>().error()), "assertion failed");
}

TEST(ErrorCode, EachHasANameOfItsOwn) {
  std::set<std::string_view> names;
  const int first = static_cast<int>(ErrorCode::kInvalidArgument);
  const int last = static_cast<int>(ErrorCode::kInternal);
  for (int code = first; code <= last; ++code) {
    const std::string_view name = error_code_name(static_cast<ErrorCode>(code));
    EXPECT_NE(name, "unknown") << code;
    names.insert(name);
  }
  EXPECT_EQ(names.size(), static_cast<std::size_t>(last - first + 1));
  EXPECT_EQ(error_code_name(ErrorCode::kNoSpace), "no_space");
  EXPECT_EQ(error_code_name(static_cast<ErrorCode>(last + 1)), "unknown");
}

}  // namespace
}  // namespace tyto
