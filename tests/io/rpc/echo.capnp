@0xd1e2a7c04b5f9363;
# What the tests of the RPC transport talk about.

interface Echo {
  echo @0 (text :Text) -> (text :Text);
  park @1 () -> ();
  # Is never answered.
  tell @2 (to :Ear, times :UInt32) -> ();
  # Calls back so many times, then answers.
  bulk @3 (bytes :UInt32) -> (data :Data);
}

interface Ear {
  hear @0 (n :UInt32) -> ();
}
