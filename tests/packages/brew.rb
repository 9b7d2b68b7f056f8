# As much of Homebrew as the formula uses: `brew.rb FORMULA UNPACKED PREFIX MACHINE` takes the URL and the sum for Linux on that machine,
# installs from the unpacked tarball below PREFIX, runs the formula's test, and prints what it took.
require "fileutils"
require "open3"
require "pathname"
require "tmpdir"

formula, unpacked, prefix, machine = ARGV
PREFIX = Pathname(prefix).expand_path
MACHINE = machine

# A folder of the prefix that files are installed into.
class Place
  def initialize(path) = @path = PREFIX.join(path)

  def install(*files)
    @path.mkpath
    files.flatten.each { |file| FileUtils.cp(file, @path) }
  end

  def to_s = @path.to_s
  def /(other) = @path.join(other).to_s
end

class Formula
  class << self
    attr_reader :taken, :trial

    def desc(text)
      raise "#{text.length} characters: Homebrew takes 80" if text.length > 80
    end

    def homepage(_url) = nil
    def license(_terms) = nil
    def version(text = nil) = text ? @version = text : @version
    def on_linux = yield
    def on_macos = nil
    def on_arm = MACHINE == "aarch64" ? yield : nil
    def on_intel = MACHINE == "x86_64" ? yield : nil
    def url(text) = (@taken ||= []) << text
    def sha256(text) = (@taken ||= []) << text
    def test(&block) = @trial = block
  end

  def version = self.class.version
  def bin = Place.new("bin")
  def man1 = Place.new("share/man/man1")
  def bash_completion = Place.new("etc/bash_completion.d")
  def zsh_completion = Place.new("share/zsh/site-functions")
  def fish_completion = Place.new("share/fish/vendor_completions.d")
  def doc = Place.new("share/doc/campaign")

  def system(*command)
    Kernel.system(*command.map(&:to_s), out: File::NULL, err: File::NULL) || raise("#{command.join(" ")} failed")
  end

  def shell_output(command)
    output, status = Open3.capture2(command)
    raise "#{command} failed" unless status.success?

    output
  end

  def assert_match(wanted, text)
    raise "no #{wanted} in #{text}" unless text.match?(wanted.is_a?(Regexp) ? wanted : Regexp.escape(wanted))
  end
end

load File.expand_path(formula)
campaign = Campaign.new
Dir.chdir(unpacked) { campaign.install }
puts Campaign.taken
Dir.mktmpdir { |folder| Dir.chdir(folder) { campaign.instance_eval(&Campaign.trial) } }
puts "tested"
