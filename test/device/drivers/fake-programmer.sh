# A programmer for tests: `sh fake-programmer.sh VERB FLASH [FILE]`, where FLASH stands for the device.
if env | grep -q '^KEYLINE_'; then
  echo 'the environment tells too much'
  exit 3
fi
case $1 in
  mac) printf 'probing\033[32m.\033[0m..\rMAC: 30:ae:a4:12:34:56\n' ;;
  write)
    cp "$3" "$2"
    echo "$3 $(stat -c %a "$3")" > "$2.seen"
    echo 'Hash of data verified.'
    ;;
  verify) if cmp -s "$2" "$3"; then echo 'verify OK'; else echo 'verify FAILED (digest mismatch)'; fi ;;
  read)
    cp "$2" "$3"
    echo 'Read 12288 bytes'
    ;;
esac
