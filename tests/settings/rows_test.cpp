// Tables in tables.
#include <gtest/gtest.h>

#include "settings/table.h"

namespace tyto::settings {
namespace {

struct Row {
  uint32_t line = 0;
  std::string name;
  uint32_t count = 7;
};

void describe(Table& table, Row& row) {
  table.add(row.name, {"name", "What it is called.", Presence::kRequired});
  table.within("of.", [&](Table& t) { t.add(row.count, {"count", "How many."}, {1, 9, {}}); });
}

struct Document {
  std::vector<Row> rows{{.name = "default"}};
  Duration lasts = Duration::forever();
  Table table;
  Document() {
    table.add_rows(rows, {"rows", "Some rows."}, describe);
    table.add(lasts, {"lasts", "How long."});
  }
  std::string apply(std::string_view toml) {
    auto done = table.apply(toml, {"f", "ask somebody"});
    return done ? "" : done.error().message;
  }
};

TEST(Rows, ReplaceTheDefaultAndKnowTheirLines) {
  Document document;
  EXPECT_EQ(document.apply("\n[[rows]]\nname = \"a\"\n[[rows]]\nname = \"b\"\nof.count = 9\n"), "");
  ASSERT_EQ(document.rows.size(), 2u);
  EXPECT_EQ(document.rows[0].name, "a");
  EXPECT_EQ(document.rows[0].count, 7u);
  EXPECT_EQ(document.rows[0].line, 2u);
  EXPECT_EQ(document.rows[1].count, 9u);
  EXPECT_EQ(document.rows[1].line, 4u);
}

TEST(Rows, OneTableIsOneRowAndNoneLeavesTheDefault) {
  Document one;
  EXPECT_EQ(one.apply("[rows]\nname = \"a\"\n"), "");
  ASSERT_EQ(one.rows.size(), 1u);
  EXPECT_EQ(one.rows[0].name, "a");
  Document none;
  EXPECT_EQ(none.apply(""), "");
  EXPECT_EQ(none.rows.at(0).name, "default");
}

TEST(Rows, WhatIsWrongIsNamedInFull) {
  EXPECT_EQ(Document().apply("[[rows]]\nof.count = 1\n"),
            "f:1: rows.name is missing: What it is called. Expected a text");
  EXPECT_EQ(Document().apply("[[rows]]\nname = \"a\"\nof.count = 0\n"),
            "f:3: rows.of.count: expected an integer from 1 to 9, found \"0\"");
  EXPECT_EQ(Document().apply("[[rows]]\nname = \"a\"\nof.cuont = 1\n"),
            "f:3: unknown setting \"rows.of.cuont\" (did you mean \"of.count\"?); ask somebody");
  EXPECT_EQ(Document().apply("[[rwos]]\nname = \"a\"\n"),
            "f:1: unknown setting \"rwos\" (did you mean \"rows\"?); ask somebody");
}

TEST(Rows, ASpanMayLastForeverOnlyIfThatIsItsDefault) {
  Document document;
  EXPECT_EQ(document.apply("lasts = \"2 s\""), "");
  EXPECT_EQ(document.lasts, Duration::seconds(2));
  EXPECT_EQ(document.apply("lasts = \"forever\""), "");
  EXPECT_EQ(document.lasts, Duration::forever());
  Table table;
  Duration finite = Duration::seconds(1);
  table.add(finite, {"finite", "How long."});
  EXPECT_FALSE(table.apply("finite = \"forever\"", {"f", "ask"}).ok());
}

}  // namespace
}  // namespace tyto::settings
