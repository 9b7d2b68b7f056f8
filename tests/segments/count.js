// Counts segments with Twilio's calculator: a JSON array of texts on stdin, one of [encoding, segments] on stdout.
// The argument is the folder that install.sh has installed it into.
const { SegmentedMessage } = require(require.resolve("sms-segments-calculator", { paths: [process.argv[2]] }));

const texts = JSON.parse(require("fs").readFileSync(0, "utf8"));
const counted = texts.map((text) => {
  const message = new SegmentedMessage(text, "auto", false);
  return [message.encodingName, message.segmentsCount];
});
process.stdout.write(JSON.stringify(counted));
