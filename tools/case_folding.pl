#!/usr/bin/env perl
# Writes src/pattern/detail/case_folding.inc: Unicode simple case folding (CaseFolding.txt, statuses C and S)
# as ranges {first, last, delta, step}: every step-th code point from first to last folds to itself + delta.
# Usage: perl tools/case_folding.pl > src/pattern/detail/case_folding.inc
use strict;
use warnings;
use Unicode::UCD qw(casefold);

my @pairs;
for my $c (0 .. 0x1FFFF) {
  next if $c >= 0xD800 && $c <= 0xDFFF;
  my $fold = casefold($c) or next;
  next if $fold->{simple} eq '';
  push @pairs, [$c, hex($fold->{simple}) - $c];
}
my @ranges;
for my $pair (@pairs) {
  my ($c, $delta) = @$pair;
  my $last = @ranges ? $ranges[-1] : undef;
  if ($last && $last->{delta} == $delta && ($c - $last->{last} == $last->{step} || ($last->{first} == $last->{last} && $c - $last->{last} <= 2))) {
    $last->{step} = $c - $last->{last};
    $last->{last} = $c;
  } else {
    push @ranges, {first => $c, last => $c, delta => $delta, step => 1};
  }
}
print "// Written by tools/case_folding.pl from Unicode ", Unicode::UCD::UnicodeVersion(), ". Do not edit.\n";
printf "{0x%X, 0x%X, %d, %d},\n", $_->{first}, $_->{last}, $_->{delta}, $_->{step} for @ranges;
