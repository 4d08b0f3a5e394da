# shellcheck shell=bash
# Docker cuts off what a command in a container printed and nobody took within two seconds of its end, and reports the
# command's own success all the same. So the command is followed by an ending, which is taken off again here: a stream
# without it is not whole.

readonly ENDING=$'\ngranary: all of it\n'

# with_ending COMMAND...: the words that run it in a container and let the ending follow, if it succeeded. Printed with NULs.
with_ending() { printf '%s\0' sh -c "\"\$@\" && printf %s \"\$0\"" "$ENDING" "$@"; }

# ending_take: the stream without its ending. perl is part of every Debian; a block is held back and nothing copied twice.
ending_take() {
  exec perl -e '
    my ($ending, $held) = ($ARGV[0], "");
    binmode STDIN; binmode STDOUT;
    while (1) {
      my $count = sysread STDIN, my $block, 1 << 18;
      defined $count or die "reading: $!\n";
      last unless $count;
      $held .= $block;
      my $ready = length($held) - length $ending;
      next unless $ready > 0;
      my $out = substr $held, 0, $ready, "";
      for (my $at = 0; $at < length $out;) { $at += syswrite(STDOUT, $out, length($out) - $at, $at) // die "writing: $!\n" }
    }
    $held eq $ending or die "the end of the stream did not arrive\n"' "$ENDING"
}
