"""Odd characters in names, keys and values come back as they were sent, byte for byte. D17."""

import json
import unittest

from conformance import ConformanceCase, remove, replace

ODD = ("\0", "a\0b", "\x01\x1f\x7f", "\u0080\u009f", "\n", "\r\n", "\t", " ", "  a  ", '"', "\\", "\\\"", "\\u0041", "'",
       "/", "a/b", "..", "../../x", "%", "%41", "%2F", "+", "a+b c", "?a=b&c=d#e", "ä", "a\u0308", "ß", "漢字", "😀",
       "👩\u200d👩\u200d👧", "\ufeff", "\u2028\u2029", "\uffff", "\U0010ffff", "\ufffe", "{}", "[]", "null", "0", "<a>&amp;", "$(x)`y`",
       "' OR 1=1 --", "a" * 900)


class Text(ConformanceCase):
    def test_keys_and_values(self):
        self.update(*(replace(text, text) for text in ODD))
        self.assertEqual(self.values(), {text: text for text in ODD})

    def test_each_is_found_again_under_its_key(self):
        self.update(*(replace(text, "1") for text in ODD))
        self.update(*(replace(text, "2", 1) for text in ODD[::2]), *(remove(text, 1) for text in ODD[1::2]))
        self.assertEqual(self.values(), {text: ("2" if i % 2 == 0 else None) for i, text in enumerate(ODD)})

    def test_keys_that_differ_little_differ(self):
        """No case folding, no normalization, no trimming."""
        for pair in (("a", "A"), ("ä", "a\u0308"), ("a", "a "), ("a", "a\0"), ("1", "01"), ("ß", "ss"), ("é", "É")):
            with self.subTest(pair=pair):
                self.identity = self.new_identity()
                self.update(*(replace(key, key) for key in pair))
                self.assertEqual(self.values(), {key: key for key in pair})

    def test_a_key_in_a_message(self):
        """The stale count's message names the key as it is."""
        for key in ("a\"b", "ä😀", "a\nb", "a\\b"):
            with self.subTest(key=key):
                with self.assertRaises(self.client.exceptions.ResourceConflictException) as caught:
                    self.update(replace(key, "v", 4))
                self.assertEqual(caught.exception.response["Error"]["Message"],
                                 f"Current SyncCount for: {key} is: 0 not: 4")

    def test_raw_utf_8_in_the_body(self):
        """botocore escapes everything that is not ASCII; other clients do not."""
        body = {"SyncSessionToken": self.session(), "RecordPatches": [replace(text, text) for text in ODD]}
        answer = self.post(json.dumps(body, ensure_ascii=False).encode())
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(self.values(), {text: text for text in ODD})

    def test_devices(self):
        for text in ("a b", "ä😀", '"', "a/b", "%41"):
            with self.subTest(text=text):
                self.identity = self.new_identity()
                (record,) = self.update(replace("k", "v"), DeviceId=text)
                self.assertEqual(record["LastModifiedBy"], text)
                self.assertEqual(self.describe()["LastModifiedBy"], text)

    def test_names(self):
        for name in ("a:b", "a.b", "-", "_", ".", "..", ":", "0", "game.us-east-1:0000"):
            with self.subTest(name=name):
                self.identity = self.new_identity()
                self.update(replace("k", name), dataset=name)
                self.assertEqual(self.values(name), {"k": name})
                self.assertEqual(self.describe(name)["DatasetName"], name)
                self.delete(name)

    def test_identities_that_look_alike(self):
        """\\w is what the model allows before the colon."""
        for identity in ("us_east-1:0-a", "x:f", "A9:-"):
            self.update(replace("k", identity), identity=identity)
            self.assertEqual(self.list(identity=identity)["Records"][0]["Value"], identity)


if __name__ == "__main__":
    unittest.main()
