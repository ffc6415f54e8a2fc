use strict;
use warnings;
use JSON::PP;
use Mail::DKIM::DNS;
use Mail::DKIM::Verifier;
use Net::DNS;

Mail::DKIM::DNS::resolver(Net::DNS::Resolver->new(
    nameservers => ['127.0.0.1'], port => $ARGV[0], recurse => 0));

binmode STDIN;
$| = 1;
while (my $size = <STDIN>) {
    read(STDIN, my $message, $size);
    my $verifier = Mail::DKIM::Verifier->new;
    $verifier->PRINT($message);
    $verifier->CLOSE;
    my @results = map { {
        Algorithm => $_->algorithm,
        Domain    => $_->domain,
        Selector  => $_->selector,
        OK        => $_->result eq 'pass' ? JSON::PP::true : JSON::PP::false,
        Detail    => $_->result_detail,
    } } $verifier->signatures;
    print JSON::PP->new->ascii->encode(\@results), "\n";
}
