# Perl's own Net::FTP over cleartext, explicit TLS and implicit TLS. The job comes as JSON on stdin.
use strict;
use warnings;
use File::Path 'make_path';
use JSON::PP 'decode_json';
use Net::FTP;

my $job = bytes(decode_json(join '', <STDIN>));
my $ftp = connected();
perform($job->{step});
$ftp->quit;

# On the wire and on the disk names are bytes.
sub bytes {
    my ($value) = @_;
    return { map { $_ => bytes($value->{$_}) } keys %$value } if ref $value eq 'HASH';
    utf8::encode($value) if defined $value && !ref $value;
    return $value;
}

sub done {
    my ($result) = @_;
    die $ftp->message unless $result;
    return $result;
}

sub connected {
    my @tls = (SSL_ca_file => $job->{ca});
    push @tls, SSL_cert_file => $job->{certificate}, SSL_key_file => $job->{certificate_key} if $job->{certificate};
    push @tls, SSL => 1 if $job->{listener} eq 'ftps';
    $ftp = Net::FTP->new($job->{servername}, Port => $job->{port}, Timeout => 30, Passive => 1, @tls) or die $@;
    done($ftp->starttls) if $job->{listener} eq 'ftpes';
    my @account = $job->{form} eq 'acct' ? ($job->{code}) : ();
    done($ftp->login($job->{user}, $job->{secret}, @account));
    $ftp->binary;
    return $ftp;
}

sub put_from {
    my ($here, $there, $offset) = @_;
    open my $file, '<:raw', $here or die $!;
    seek $file, $offset, 0;
    $ftp->restart($offset) if $offset;
    done($ftp->put($file, $there));
}

sub put_tree {
    my ($here, $there) = @_;
    done($ftp->mkdir($there));
    opendir my $folder, $here or die $!;
    for my $name (grep { !/^\.\.?$/ } readdir $folder) {
        my ($from, $to) = ("$here/$name", "$there/$name");
        -d $from ? put_tree($from, $to) : put_from($from, $to, 0);
    }
}

sub get_tree {
    my ($there, $here) = @_;
    make_path($here);
    for my $line ($ftp->dir($there)) {
        my ($kind, $name) = $line =~ /^(.)(?:\S+\s+){8}(.+)$/ or die "not a line of ls: $line";
        $kind eq 'd' ? get_tree("$there/$name", "$here/$name") : done($ftp->get("$there/$name", "$here/$name"));
    }
}

sub perform {
    my ($step) = @_;
    my ($kind, $local, $remote) = @$step{qw(do local remote)};
    my %ways = (
        'upload'          => sub { put_from($local, $remote, 0) },
        'download'        => sub { done($ftp->get($remote, $local)) },
        'resume-upload'   => sub { put_from($local, $remote, done($ftp->size($remote))) },
        'resume-download' => sub { done($ftp->get($remote, $local, -s $local)) },
        'upload-tree'     => sub { put_tree($local, $remote) },
        'download-tree'   => sub { get_tree($remote, $local) },
        'list'            => sub { print join("\n", $ftp->dir($remote), $ftp->ls($remote)), "\n" },
        'checksum'        => sub { done($ftp->quot('HASH', $remote) == 2); print $ftp->message },
        'rename'          => sub { done($ftp->rename(@$step{qw(from to)})) },
        'remove'          => sub { done($ftp->delete($remote)) },
        'mkdir'           => sub { done($ftp->mkdir($remote)) },
        'rmdir'           => sub { done($ftp->rmdir($remote)) },
    );
    ($ways{$kind} // die "no way to $kind")->();
}
