# Reads From fields, a list of values in JSON and base64, and prints the domain
# that Mail::DKIM finds in each field, and those that its parser finds.

use strict;
use warnings;
use JSON::PP;
use Mail::Address;
use Mail::DKIM::Verifier;
use MIME::Base64;

sub mail_dkim {
    my $message = Mail::DKIM::Verifier->new;
    $message->PRINT("From:$_[0]\r\n\r\n");
    $message->CLOSE;
    return $message->message_originator->host;
}

sub mail_address {
    return map { $_->host } Mail::Address->parse($_[0]);
}

# What it cannot parse dies, and what it can only guess is a warning.
sub read_by {
    my ($parse, $value) = @_;
    local $SIG{__WARN__} = sub { };
    my @domains = eval { $parse->($value) };
    return [ map { encode_base64($_, '') } grep { defined && length } @domains ];
}

local $/;
my @values = map { decode_base64($_) } @{ decode_json(<STDIN>) };
my %parsers = ('Mail::DKIM' => \&mail_dkim, 'Mail::Address' => \&mail_address);
print encode_json({ map { my $parse = $parsers{$_}; $_ => [ map { read_by($parse, $_) } @values ] } keys %parsers });
