// Owns the precompiled headers of all test programs; does nothing.
int main() {
  return 0;
}
