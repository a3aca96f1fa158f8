"""The checks find what they are for: each is run on small trees with one fault."""
import pathlib
import tempfile
import unittest

import arrows
import lengths
import texts


class TreeTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def include(self, name, what):
        """Problems of a tree in which one file includes `what`."""
        self.write(name, f"#include {what}\n")
        return arrows.check(self.root)


class ArrowsTest(TreeTest):
    def test_arrows_of_the_picture(self):
        for name, what in (("src/client/a.cc", '"store/store.h"'), ("src/store/a.cc", '"core/sync.h"'),
                           ("src/store/a.cc", "<sqlite3.h>"), ("src/service/a.cc", '"wire/messages.h"'),
                           ("src/net/a.cc", '"net/a.h"'), ("src/core/a.cc", '"syncline/error.h"'),
                           ("include/syncline/a.h", "<vector>"), ("src/cli/a.cc", '"service/serve.h"'),
                           ("samples/a.cc", '"syncline/client.h"')):
            with self.subTest(name=name, what=what):
                self.assertEqual(self.include(name, what), [])

    def test_wrong_arrows(self):
        for name, what in (("src/service/a.cc", '"engine/session.h"'), ("src/service/a.cc", '"store/store.h"'),
                           ("src/engine/a.cc", '"store/store.h"'), ("src/wire/a.cc", '"auth/digest.h"'),
                           ("src/core/a.cc", '"wire/messages.h"'), ("src/net/a.cc", '"client/driver.h"'),
                           ("src/client/a.cc", '"service/server.h"'), ("src/store/a.h", '"cli/output.h"'),
                           ("include/syncline/a.h", '"core/http.h"'), ("src/client/a.cc", '"support/fake_clock.h"'),
                           ("src/client/a.cc", '"../store/store.h"'), ("samples/a.cc", '"core/http.h"')):
            with self.subTest(name=name, what=what):
                self.assertEqual(len(self.include(name, what)), 1)
                (self.root / name).unlink()

    def test_third_party_headers_outside_of_their_room(self):
        for name, what in (("src/client/a.cc", "<sqlite3.h>"), ("src/engine/a.cc", "<nlohmann/json.hpp>"),
                           ("src/store/a.cc", "<curl/curl.h>"), ("src/wire/a.cc", "<openssl/evp.h>"),
                           ("include/syncline/a.h", "<boost/signals2.hpp>"), ("src/client/a.cc", "<boost/asio.hpp>"),
                           ("src/core/a.cc", "<unistd.h>"), ("src/net/a.cc", "<made/up.h>"),
                           ("src/engine/a.cc", "<thread>"), ("src/core/a.cc", "<fstream>")):
            with self.subTest(name=name, what=what):
                self.assertEqual(len(self.include(name, what)), 1)
                (self.root / name).unlink()

    def test_spelling_does_not_hide_an_arrow(self):
        self.assertEqual(len(self.include("src/core/a.cc", '"core/a.h"\n  #  include   "net/a.h" // why')), 1)

    def test_a_new_room_has_to_be_drawn_first(self):
        self.assertEqual(len(self.include("src/attic/a.cc", "<vector>")), 1)


def function(lines, head="int f()", indent=""):
    return f"{indent}{head} {{\n" + f"{indent}  g();\n" * (lines - 2) + f"{indent}}}\n"


class LengthsTest(TreeTest):
    def lengths_of(self, text):
        return [lines for _, lines, _ in lengths.functions_of(text)]

    def test_counts_from_the_head_to_the_brace(self):
        self.assertEqual(self.lengths_of("namespace a {\n" + function(5) + "}\n"), [5])
        self.assertEqual(self.lengths_of("int f(int a,\n      int b) {\n}\n"), [3])

    def test_knows_functions_wherever_they_stand(self):
        for head in ("TEST_F(Fixture, Name)", "A::A() : a_(1), b_{2}", "A() noexcept : a_{f()}", "auto f() -> int",
                     "template <typename T>\nT f(T t)", "explicit operator bool() const noexcept", "A::~A()",
                     "bool operator==(const A& a)", "std::map<int, int> f(std::function<void()> g = {})"):
            with self.subTest(head=head):
                found = self.lengths_of("struct A {\n" + function(20, head, "  ") + "  int a = 1;\n};\n")
                self.assertEqual(max(found, default=0), 20 + head.count("\n"))

    def test_lambdas_belong_to_the_function_around_them(self):
        self.assertEqual(self.lengths_of("void f() {\n  const auto g = [](int a) {\n    h();\n  };\n}\n"), [5])

    def test_is_not_misled(self):
        self.assertEqual(self.lengths_of('// f() {\nconst char* a = "f() {";\nint f() {\n  return \'{\';\n}\n'), [3])
        self.assertEqual(self.lengths_of('const char* a = R"x(f() {\n)x";\nint f() {\n}\n'), [2])
        self.assertEqual(self.lengths_of("enum class A : int { kA };\nstruct B { int b = 1\'000; };\nint f() {\n}\n"), [2])

    def test_limits(self):
        self.write("src/core/fine.cc", function(69) + "\n" * 730)
        self.assertEqual(lengths.check(self.root), [])
        self.write("src/core/long.cc", function(70))
        self.assertEqual(len(lengths.check(self.root)), 1)
        self.write("tests/long.h", "\n" * 800)
        self.assertEqual(len(lengths.check(self.root)), 2)
        self.write("tests/long.py", "def f():\n" + "    g()\n" * 69)
        self.assertEqual(len(lengths.check(self.root)), 3)


class TextsTest(TreeTest):
    def setUp(self):
        super().setUp()
        for folder in (*texts.SINGLE, "src/core", "tests/unit"):
            self.write(f"{folder}/README.md", "What this is.\n")

    def test_a_tree_that_explains_itself(self):
        self.assertEqual(texts.check(self.root), [])

    def test_a_folder_without_a_word(self):
        self.write("src/attic/a.cc", "")
        self.assertEqual(texts.check(self.root), [f"{self.root}/src/attic: no README.md"])

    def test_what_is_put_off_needs_an_issue(self):
        put_off = "TO" + "DO"
        self.write("src/core/a.cc", f"// {put_off}(#12): later\n// {put_off} (issue 3): later\n// {put_off}ne\n")
        self.assertEqual(texts.check(self.root), [])
        self.write("src/core/b.cc", f"// {put_off}: later\n// {put_off}(me): later\n")
        self.assertEqual(len(texts.check(self.root)), 2)


if __name__ == "__main__":
    unittest.main()
